import { commands, type ExtensionContext, window, workspace } from 'vscode';
import { registerCommands } from './commands';
import { Connection } from './connection';
import { watchCursor } from './cursor';
import { ghostText } from './ghostText';
import { mayInstall } from './installation';
import { MissedKey } from './missedKey';
import { Outcomes } from './outcomes';
import { PrivateServer } from './privateServer';
import { findServer } from './server';
import { serverSettings } from './settings';
import { Snooze } from './snooze';
import { StatusItem } from './statusItem';

let connection: Connection | undefined;

/** Wire everything together and start the server, without anybody waiting for it. */
export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel('slm-lsp', { log: true });
  const own = new PrivateServer(context);
  const snooze = new Snooze();
  const outcomes = new Outcomes();
  const missed = new MissedKey();
  const link = new Connection(context, log, ghostText(snooze, outcomes, missed), () =>
    findServer(own, log),
  );
  missed.watch(link);
  const status = new StatusItem(link, outcomes, snooze);
  connection = link;
  context.subscriptions.push(
    ...[status, missed, link, outcomes, snooze, log],
    ...registerCommands({ connection: link, own, outcomes, snooze, status, log }),
    ...watchCursor(link),
    link.onDidAnswer((report) => outcomes.answered(report)),
    workspace.onDidGrantWorkspaceTrust(() => link.restart()),
    workspace.onDidChangeConfiguration((change) => {
      status.draw();
      if (change.affectsConfiguration('slm-lsp.server')) {
        void link.restart();
      } else if (change.affectsConfiguration('slm-lsp')) {
        link.configure();
      }
    }),
  );
  void begin(context, link);
}

/** VS Code waits for this before it closes the window. */
export async function deactivate(): Promise<void> {
  await connection?.stop();
}

async function begin(context: ExtensionContext, link: Connection): Promise<void> {
  await link.restart();
  const missing = link.server === undefined && serverSettings().path === '';
  if (missing && (await mayInstall(context))) {
    await commands.executeCommand('slm-lsp.install');
  }
}
