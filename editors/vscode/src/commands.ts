import { commands, type Disposable, type LogOutputChannel, window } from 'vscode';
import type { Connection } from './connection';
import { install, report } from './installation';
import { explanation, pickCommand } from './menu';
import { chooseModel } from './models';
import type { Outcomes } from './outcomes';
import type { PrivateServer } from './privateServer';
import { rewrite } from './rewrite';
import { toggle, toggleLanguage } from './settings';
import type { Snooze } from './snooze';
import { showStatistics } from './statistics';
import type { StatusItem } from './statusItem';

const SNOOZE_MINUTES = 10;

/** What the commands work on. */
export interface Parts {
  readonly connection: Connection;
  readonly own: PrivateServer;
  readonly outcomes: Outcomes;
  readonly snooze: Snooze;
  readonly status: StatusItem;
  readonly log: LogOutputChannel;
}

/** Register the commands in package.json. One that fails says why; none fails silently. */
export function registerCommands(parts: Parts): Disposable[] {
  return Object.entries(actions(parts)).map(([name, action]) =>
    commands.registerCommand(`slm-lsp.${name}`, async () => {
      try {
        await action();
      } catch (error) {
        await report('That did not work', error, parts.log);
      }
    }),
  );
}

function actions(parts: Parts): Record<string, () => unknown> {
  const { connection, own, outcomes, snooze, status, log } = parts;
  const installed = async () => (await install(own, log)) && (await connection.restart());
  return {
    toggle: () => toggle(window.activeTextEditor?.document),
    toggleLanguage: async () => {
      const document = window.activeTextEditor?.document;
      return document && (await toggleLanguage(document));
    },
    snooze: () => (snooze.until === undefined ? snooze.start(SNOOZE_MINUTES) : snooze.wake()),
    chooseModel: () => (connection.server ? chooseModel(connection.server) : installed()),
    restart: () => connection.restart(),
    install: installed,
    rewrite: () => rewrite(connection),
    explain: () => window.showInformationMessage(`slm-lsp: ${explanation(outcomes.last)}`),
    statistics: () => showStatistics(outcomes, connection.server),
    showLog: () => log.show(),
    menu: async () => {
      const picked = await pickCommand(status, outcomes, snooze, connection.server);
      return picked && (await commands.executeCommand(`slm-lsp.${picked}`));
    },
  };
}
