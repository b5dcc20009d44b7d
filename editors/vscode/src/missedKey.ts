import {
  commands,
  type Disposable,
  type Position,
  type ProviderResult,
  type TextDocument,
  type TextDocumentChangeEvent,
  window,
  workspace,
} from 'vscode';
import type { Connection } from './connection';

/** Milliseconds after a key by which VS Code has asked for ghost text, if it asks at all. */
const ASKED_BY_MS = 300;

interface Typed {
  readonly document: TextDocument;
  readonly version: number;
  readonly caret: Position;
}

/**
 * Asks for ghost text after a key that VS Code asked nobody about, because the server was starting or the
 * editor had not yet loaded what asks. Once VS Code has asked, it is left alone until the server is gone
 * again: where it does not ask then, it has a reason.
 */
export class MissedKey implements Disposable {
  private expected = true;
  private pending = 0;
  private byUs = false;
  private typed: Typed | undefined;
  private timer: NodeJS.Timeout | undefined;
  private listening: Disposable[] = [];

  /** Look at the keys from now on, and ask about one as soon as the server is ready. */
  watch(connection: Connection): void {
    this.listening = [
      workspace.onDidChangeTextDocument((change) => this.take(change, connection)),
      connection.onDidStop(() => {
        this.expected = true;
      }),
      connection.onDidChangeStatus(({ busy }) => busy || this.askSoon(connection)),
      connection.onDidAnswer(() => this.settled()),
    ];
  }

  /** Whether what VS Code asks now was begun from here. */
  get asking(): boolean {
    return this.byUs;
  }

  /** Wait for an answer with the one that VS Code asked. The server may be gone before it comes. */
  async follow<T>(answer: ProviderResult<T>): Promise<T | null | undefined> {
    this.pending += 1;
    try {
      return await answer;
    } finally {
      this.pending -= 1;
    }
  }

  /** Note that VS Code asks, and that somebody answers. */
  settled(): void {
    this.expected = false;
    this.typed = undefined;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.listening) {
      one.dispose();
    }
  }

  private take(change: TextDocumentChangeEvent, connection: Connection): void {
    const { document, contentChanges, reason } = change;
    const [edit, more] = contentChanges;
    if (edit === undefined || document !== window.activeTextEditor?.document) {
      return;
    }
    this.typed = undefined;
    if (more === undefined && reason === undefined && edit.text !== '') {
      const caret = document.positionAt(edit.rangeOffset + edit.text.length);
      this.typed = { document, version: document.version, caret };
      this.askSoon(connection);
    }
  }

  private askSoon(connection: Connection): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const possible = connection.running !== undefined && this.pending === 0;
      if (this.expected && possible && this.wanted()) {
        void this.ask();
      }
    }, ASKED_BY_MS);
  }

  private wanted(): boolean {
    const editor = window.activeTextEditor;
    const shows = workspace
      .getConfiguration('editor', editor?.document)
      .get('inlineSuggest.enabled');
    return (
      shows === true &&
      this.typed !== undefined &&
      editor?.document === this.typed.document &&
      editor.document.version === this.typed.version &&
      editor.selection.isEmpty &&
      editor.selection.active.isEqual(this.typed.caret)
    );
  }

  private async ask(): Promise<void> {
    this.byUs = true;
    try {
      await commands.executeCommand('editor.action.inlineSuggest.trigger');
    } finally {
      this.byUs = false;
    }
  }
}
