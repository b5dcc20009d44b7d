import { window, workspace } from 'vscode';
import type { WorkspaceEdit } from 'vscode-languageclient/node';
import type { Connection } from './connection';

/** Ask what is to be changed in the selected code, and change it. One undo takes it back. */
export async function rewrite(connection: Connection): Promise<void> {
  const editor = window.activeTextEditor;
  const client = connection.running;
  if (editor === undefined || client === undefined) {
    return;
  }
  const { document, selection } = editor;
  const instruction = await window.showInputBox({
    title: 'Rewrite Selection',
    prompt: 'What is to be changed in the selected code, or in the function at the cursor?',
  });
  if (!instruction) {
    return;
  }
  const answer = await client.sendRequest<WorkspaceEdit>('slm-lsp/rewrite', {
    textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
    range: client.code2ProtocolConverter.asRange(selection),
    instruction,
  });
  await workspace.applyEdit(await client.protocol2CodeConverter.asWorkspaceEdit(answer));
}
