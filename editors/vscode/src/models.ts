import { type CancellationToken, ProgressLocation, type QuickPickItem, window } from 'vscode';
import { type Program, run } from './program';
import { mirror, serverSettings, setModel } from './settings';

interface Model {
  readonly name: string;
  readonly default: boolean;
  readonly installed: boolean;
  readonly catalog: { readonly parameters: number; readonly licence: string } | null;
}

/** Let the user pick a model, fetch it if it is not there, and use it. */
export async function chooseModel(server: Program): Promise<void> {
  const { models } = JSON.parse(await run(server, ['models', 'list', '--json'])) as {
    models: Model[];
  };
  const picked = await window.showQuickPick(models.map(item), { title: 'slm-lsp: model' });
  if (picked === undefined) {
    return;
  }
  if (!picked.model.installed) {
    await window.withProgress(
      { location: ProgressLocation.Notification, title: 'slm-lsp', cancellable: true },
      (progress, token) =>
        pull(server, picked.model.name, token, (message) => progress.report({ message })),
    );
  }
  await setModel(picked.model.name);
}

/** Fetch the model `name`, from the user's mirror or wheelhouse alone where there is one. */
export async function pull(
  server: Program,
  name: string,
  token: CancellationToken,
  onLine: (line: string) => void,
): Promise<void> {
  const { wheelhouse } = serverSettings();
  const env = wheelhouse === '' ? {} : { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheelhouse };
  const from = mirror() === '' ? [] : ['--from', mirror()];
  await run(server, ['models', 'pull', name, ...from], { token, onLine, env });
}

function item(model: Model): QuickPickItem & { readonly model: Model } {
  const { parameters, licence } = model.catalog ?? {};
  const size = parameters === undefined ? [] : [`${(parameters / 1e6).toFixed(0)} M parameters`];
  const state = model.default ? 'in use' : 'installed';
  return {
    model,
    label: model.name,
    description: [...size, licence, model.installed ? state : 'will be downloaded']
      .filter(Boolean)
      .join(' · '),
  };
}
