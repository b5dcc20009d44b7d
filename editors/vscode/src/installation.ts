import {
  CancellationError,
  type ExtensionContext,
  type LogOutputChannel,
  ProgressLocation,
  window,
} from 'vscode';
import { pull } from './models';
import type { PrivateServer } from './privateServer';
import { model, serverSettings } from './settings';

/** Remembers the version of the extension that asked: one question for each, at most. */
const ASKED = 'askedToInstall';

/** Ask, once, whether the server may be installed. Tells whether the user agreed. */
export async function mayInstall(context: ExtensionContext): Promise<boolean> {
  const { version } = context.extension.packageJSON;
  if (context.globalState.get(ASKED) === version) {
    return false;
  }
  await context.globalState.update(ASKED, version);
  const answer = await window.showInformationMessage(
    'slm-lsp found no server. Install it, with the model that suits this machine (150 MB to 1.1 GB to fetch), into a folder of its own?',
    'Install',
    'Not Now',
  );
  return answer === 'Install';
}

/** Install server and model and show how far it is. Tells whether they are there now. */
export async function install(own: PrivateServer, log: LogOutputChannel): Promise<boolean> {
  try {
    await window.withProgress(
      { location: ProgressLocation.Notification, title: 'slm-lsp', cancellable: true },
      async (progress, token) => {
        const onLine = (line: string) => {
          log.info(line);
          progress.report({ message: line.trim().slice(0, 80) });
        };
        progress.report({ message: 'installing the server' });
        const server = await own.install(serverSettings().wheelhouse, token, onLine);
        await pull(server, model(), token, onLine);
      },
    );
    return true;
  } catch (error) {
    if (!(error instanceof CancellationError)) {
      await report('The server was not installed', error, log);
    }
    return false;
  }
}

/** Say that something the user asked for failed, with the way to the details. */
export async function report(what: string, error: unknown, log: LogOutputChannel): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  log.error(`${what}: ${reason}`);
  if ((await window.showErrorMessage(`${what}: ${reason}`, 'Show Log')) === 'Show Log') {
    log.show();
  }
}
