import { type QuickPickItem, type TextDocument, window } from 'vscode';
import type { Outcome, Outcomes } from './outcomes';
import type { Server } from './server';
import { enabled, enabledFor } from './settings';
import type { Snooze } from './snooze';
import type { StatusItem } from './statusItem';

interface Entry extends QuickPickItem {
  /** The command to run, without the section. */
  readonly command: string;
}

/** Show what can be done, and return the command the user picked. */
export async function pickCommand(
  status: StatusItem,
  outcomes: Outcomes,
  snooze: Snooze,
  server: Server | undefined,
): Promise<string | undefined> {
  const entries = [
    ...(server === undefined ? [entry('install', 'cloud-download', 'Install Server')] : []),
    ...switches(snooze),
    entry('chooseModel', 'package', 'Choose Model'),
    entry('explain', 'question', 'Why Was Nothing Shown?', explanation(outcomes.last)),
    entry('statistics', 'graph', 'Show Statistics'),
    entry('restart', 'refresh', 'Restart Server', server && `${server.version}, ${server.origin}`),
    entry('showLog', 'output', 'Show Log'),
  ];
  const picked = await window.showQuickPick(entries, {
    title: `slm-lsp: ${status.status.message}`,
  });
  return picked?.command;
}

/** Say in a sentence what became of the last request. */
export function explanation(last: Outcome | undefined): string {
  if (last === undefined) {
    return 'nothing was asked for yet';
  }
  const seconds = Math.round((Date.now() - last.at.getTime()) / 1000);
  return `${last.dropped ?? 'the last request was answered with ghost text'} (${seconds} s ago)`;
}

function switches(snooze: Snooze): Entry[] {
  const document = window.activeTextEditor?.document;
  const turn = (on: boolean) => (on ? 'Turn Off' : 'Turn On');
  return [
    entry('toggle', 'power', turn(enabled(document))),
    ...(document === undefined ? [] : [languageSwitch(turn(enabledFor(document)), document)]),
    entry('snooze', 'bell-slash', snooze.until === undefined ? 'Snooze for Ten Minutes' : 'Wake'),
  ];
}

function languageSwitch(turn: string, { languageId }: TextDocument): Entry {
  return entry('toggleLanguage', 'code', `${turn} for ${languageId}`);
}

function entry(command: string, icon: string, label: string, description = ''): Entry {
  return { command, label: `$(${icon}) ${label}`, description };
}
