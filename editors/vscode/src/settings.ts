import { ConfigurationTarget, type ExtensionContext, type TextDocument, workspace } from 'vscode';

const SECTION = 'slm-lsp';

/** Settings below this are about finding the server, which it need not know. */
const OURS = 'server.';

type Tree = { [key: string]: unknown };

/** Where the server is to be found, and what it may be installed from. Empty: not set. */
export interface ServerSettings {
  readonly path: string;
  readonly wheelhouse: string;
}

/** Return what the user set about the server itself. */
export function serverSettings(): ServerSettings {
  const section = workspace.getConfiguration(SECTION);
  return {
    path: section.get('server.path', '').trim(),
    wheelhouse: section.get('server.wheelhouse', '').trim(),
  };
}

/**
 * Return the settings somebody made, nested as the server reads them. What nobody set is not in it:
 * defaults sent from here would stand above the project's own file.
 */
export function madeSettings(context: ExtensionContext): Tree {
  const section = workspace.getConfiguration(SECTION);
  const made: Tree = {};
  for (const name of settingNames(context)) {
    const about = section.inspect(name);
    const values = [about?.globalValue, about?.workspaceValue, about?.workspaceFolderValue];
    if (values.some((value) => value !== undefined)) {
      put(made, name.split('.'), section.get(name));
    }
  }
  return made;
}

/** Tell whether ghost text is on in the folder of `document`. */
export function enabled(document: TextDocument | undefined): boolean {
  return workspace.getConfiguration(SECTION, document).get('enabled', true);
}

/** Tell whether ghost text is on in files of the language of `document`, in its folder. */
export function enabledFor(document: TextDocument): boolean {
  const section = workspace.getConfiguration(SECTION, document);
  return section.get<Record<string, boolean>>('languages', {})[document.languageId] !== false;
}

/** Tell whether ghost text comes by itself while somebody types in `document`. */
export function automatic(document: TextDocument): boolean {
  return workspace.getConfiguration(SECTION, document).get('completion.trigger') !== 'manual';
}

/** Return the name of the model in the editor's settings. */
export function model(): string {
  return workspace.getConfiguration(SECTION).get('model', '');
}

/** Return where models come from in place of their publishers, in the editor's settings. */
export function mirror(): string {
  return workspace.getConfiguration(SECTION).get('mirror', '').trim();
}

/** Use the model `name` from now on, in all windows. */
export async function setModel(name: string): Promise<void> {
  await workspace.getConfiguration(SECTION).update('model', name, ConfigurationTarget.Global);
}

/** Turn ghost text on or off: in the folder or the window where it was set there, otherwise everywhere. */
export async function toggle(document: TextDocument | undefined): Promise<void> {
  const section = workspace.getConfiguration(SECTION, document);
  const made = section.inspect<boolean>('enabled');
  const target = nearest(made, (value) => value !== undefined);
  await section.update('enabled', !section.get('enabled', true), target);
}

/** Turn ghost text on or off for the language of `document`, where it was set before, otherwise everywhere. */
export async function toggleLanguage(document: TextDocument): Promise<void> {
  const section = workspace.getConfiguration(SECTION, document);
  const made = section.inspect<Record<string, boolean>>('languages');
  const language = document.languageId;
  const target = nearest(made, (value) => value?.[language] !== undefined);
  const before = [made?.globalValue, made?.workspaceValue, made?.workspaceFolderValue][target - 1];
  await section.update('languages', { ...before, [language]: !enabledFor(document) }, target);
}

interface Made<T> {
  readonly globalValue?: T;
  readonly workspaceValue?: T;
  readonly workspaceFolderValue?: T;
}

function nearest<T>(
  made: Made<T> | undefined,
  has: (value: T | undefined) => boolean,
): ConfigurationTarget {
  if (has(made?.workspaceFolderValue)) {
    return ConfigurationTarget.WorkspaceFolder;
  }
  return has(made?.workspaceValue) ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
}

function settingNames(context: ExtensionContext): string[] {
  const declared: Tree = context.extension.packageJSON.contributes.configuration.properties;
  const names = Object.keys(declared).map((key) => key.slice(SECTION.length + 1));
  return names.filter((name) => !name.startsWith(OURS));
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    tree[first] = value;
    return;
  }
  const inner = (tree[first] ?? {}) as Tree;
  tree[first] = inner;
  put(inner, rest, value);
}
