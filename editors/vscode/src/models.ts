import { type CancellationToken, ProgressLocation, type QuickPickItem, window } from 'vscode';
import { type Program, run } from './program';
import { mirror, serverSettings, setModel } from './settings';

/** The value of the setting that leaves the choice of a model to the server. */
const AUTO = 'auto';

interface Model {
  readonly name: string;
  readonly default: boolean;
  readonly installed: boolean;
  readonly catalog: { readonly parameters: number; readonly licence: string } | null;
}

/** What `models list` prints: `best` is the one for this machine, absent from older servers. */
interface Models {
  readonly models: readonly Model[];
  readonly best?: string | null;
}

interface Item extends QuickPickItem {
  /** What the setting becomes. */
  readonly name: string;
  readonly installed: boolean;
}

/** Let the user pick a model, fetch it if it is not there, and use it. */
export async function chooseModel(server: Program): Promise<void> {
  const found = JSON.parse(await run(server, ['models', 'list', '--json'])) as Models;
  const items = [...automatic(found), ...found.models.map(item)];
  const picked = await window.showQuickPick(items, { title: 'slm-lsp: model' });
  if (picked === undefined) {
    return;
  }
  if (!picked.installed) {
    await window.withProgress(
      { location: ProgressLocation.Notification, title: 'slm-lsp', cancellable: true },
      (progress, token) =>
        pull(server, picked.name, token, (message) => progress.report({ message })),
    );
  }
  await setModel(picked.name);
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

/** The choice of the server, if it has one: the best model for this machine. */
function automatic({ models, best }: Models): Item[] {
  const model = models.find(({ name }) => name === best);
  if (model === undefined) {
    return [];
  }
  const state = model.installed ? 'installed' : 'will be downloaded';
  const description = `the best for this machine: ${model.name} · ${state}`;
  return [{ name: AUTO, installed: model.installed, label: AUTO, description }];
}

function item({ name, installed, catalog, default: inUse }: Model): Item {
  const { parameters, licence } = catalog ?? {};
  const size = parameters === undefined ? [] : [`${(parameters / 1e6).toFixed(0)} M parameters`];
  const here = inUse ? 'in use' : 'installed';
  const description = [...size, licence, installed ? here : 'will be downloaded']
    .filter(Boolean)
    .join(' · ');
  return { name, installed, label: name, description };
}
