import {
  type Disposable,
  MarkdownString,
  StatusBarAlignment,
  type StatusBarItem,
  ThemeColor,
  window,
} from 'vscode';
import type { Connection, ServerStatus } from './connection';
import type { Outcomes } from './outcomes';
import { enabled, enabledFor } from './settings';
import type { Snooze } from './snooze';

/** Milliseconds of work before the icon turns: at every pause in typing it would only flicker. */
const WORTH_SHOWING_MS = 1000;

/** The item in the status bar: its icon is the state, its tooltip the details, a click the menu. */
export class StatusItem implements Disposable {
  private readonly item: StatusBarItem;
  private readonly listening: Disposable[];
  private newest: ServerStatus = { busy: false, kind: 'Inactive', message: 'not started' };
  private busyLong = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    connection: Connection,
    private readonly outcomes: Outcomes,
    private readonly snooze: Snooze,
  ) {
    this.item = window.createStatusBarItem('slm-lsp.status', StatusBarAlignment.Right, 100);
    this.item.name = 'slm-lsp';
    this.item.command = 'slm-lsp.menu';
    this.listening = [
      connection.onDidChangeStatus((status) => this.take(status)),
      outcomes.onDidChange(() => this.draw()),
      snooze.onDidChange(() => this.draw()),
      window.onDidChangeActiveTextEditor(() => this.draw()),
    ];
    this.draw();
    this.item.show();
  }

  /** What the server, or whatever looked for one, said last. */
  get status(): ServerStatus {
    return this.newest;
  }

  /** Show the state as it is now. */
  draw(): void {
    const { kind } = this.newest;
    this.item.text = `${this.icon()} slm-lsp`;
    this.item.tooltip = new MarkdownString(this.details().join('\n\n'));
    this.item.accessibilityInformation = { label: `slm-lsp: ${this.details().join(', ')}` };
    this.item.backgroundColor =
      kind === 'Error' || kind === 'Warning'
        ? new ThemeColor('statusBarItem.warningBackground')
        : undefined;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of [...this.listening, this.item]) {
      one.dispose();
    }
  }

  private take(status: ServerStatus): void {
    this.newest = status;
    clearTimeout(this.timer);
    this.busyLong &&= status.busy;
    if (status.busy && !this.busyLong) {
      this.timer = setTimeout(() => {
        this.busyLong = true;
        this.draw();
      }, WORTH_SHOWING_MS);
    }
    this.draw();
  }

  private icon(): string {
    const { kind } = this.newest;
    if (kind === 'Error' || kind === 'Warning') {
      return '$(warning)';
    }
    if (this.pause() !== undefined) {
      return '$(circle-slash)';
    }
    return this.busyLong ? '$(loading~spin)' : '$(sparkle)';
  }

  private pause(): string | undefined {
    const document = window.activeTextEditor?.document;
    if (!enabled(document)) {
      return 'turned off';
    }
    if (this.snooze.until !== undefined) {
      return `snoozed until ${clock(this.snooze.until)}`;
    }
    return document && !enabledFor(document) ? `turned off for ${document.languageId}` : undefined;
  }

  private details(): string[] {
    const latency = this.outcomes.last?.latency;
    const last = latency === undefined ? [] : [`last answer in ${latency.toFixed(0)} ms`];
    const pause = this.pause();
    return [...(pause === undefined ? [] : [pause]), this.newest.message, ...last];
  }
}

function clock(time: Date): string {
  return time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
