import {
  type Disposable,
  type TextEditor,
  TextEditorSelectionChangeKind,
  window,
  workspace,
} from 'vscode';
import type { Connection } from './connection';

/** Milliseconds a cursor has to stay where it is: held arrow keys pass through places. */
const REST_MS = 150;

/** Tell the server where the user will probably type next, so that the model can read what is there. */
export function watchCursor(connection: Connection): Disposable[] {
  let timer: NodeJS.Timeout | undefined;
  const expect = (editor: TextEditor | undefined) => {
    clearTimeout(timer);
    timer = editor && setTimeout(() => tell(connection, editor), REST_MS);
  };
  return [
    window.onDidChangeActiveTextEditor(expect),
    window.onDidChangeTextEditorSelection(({ textEditor, kind }) => {
      // Typing moves the cursor too, and asks for ghost text at each key.
      if (kind === undefined || kind === TextEditorSelectionChangeKind.Keyboard) {
        return;
      }
      expect(textEditor);
    }),
    workspace.onDidChangeTextDocument(() => clearTimeout(timer)),
    { dispose: () => clearTimeout(timer) },
  ];
}

function tell(connection: Connection, { document, selection }: TextEditor): void {
  const { line, character } = selection.active;
  connection.notify('slm-lsp/didMoveCursor', {
    textDocument: { uri: document.uri.toString() },
    position: { line, character },
  });
}
