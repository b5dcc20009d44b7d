import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { PythonExtension } from '@vscode/python-extension';
import { extensions, type LogOutputChannel, workspace } from 'vscode';
import type { PrivateServer } from './privateServer';
import { type Program, run } from './program';
import { serverSettings } from './settings';

/** A Python on a slow disk takes seconds to start for the first time. */
const PROBE_MS = 30_000;

/** A server that answered with its version when it was asked. */
export interface Server extends Program {
  readonly version: string;
  /** Where it was found, for people. */
  readonly origin: string;
}

/**
 * Return the first server that runs: the one in the settings, in the active Python environment, on
 * the PATH, of an offline bundle, or our own. A server that was set is the only one tried; throws if it does not run.
 */
export async function findServer(
  own: PrivateServer,
  log: LogOutputChannel,
): Promise<Server | undefined> {
  const { path } = serverSettings();
  if (path !== '') {
    const found = await probe({ command: path, args: [] }, 'slm-lsp.server.path', log);
    if (found === undefined) {
      throw new Error(`slm-lsp.server.path is ${path}, which is not a server that runs`);
    }
    return found;
  }
  const places = [
    { origin: 'the active Python environment', program: await inEnvironment(log) },
    { origin: 'the PATH', program: await onPath() },
    { origin: 'an offline bundle', program: fromBundle() },
    { origin: "the extension's own folder", program: await own.program() },
  ];
  for (const { origin, program } of places) {
    const found = program && (await probe(program, origin, log));
    if (found) {
      return found;
    }
  }
  return undefined;
}

async function probe(
  program: Program,
  origin: string,
  log: LogOutputChannel,
): Promise<Server | undefined> {
  try {
    const answer = await run(program, ['--version'], { timeout: PROBE_MS });
    const version = /^slm-lsp (\S+)/m.exec(answer)?.[1];
    return version === undefined ? undefined : { ...program, origin, version };
  } catch (error) {
    log.debug(`no server in ${origin}: ${String(error)}`);
    return undefined;
  }
}

/**
 * Where `slm-lsp bundle install` puts it (slm_lsp/bundle/install_paths.py). Its link on the PATH is not seen
 * by an editor that was started from a desktop.
 */
function fromBundle(): Program {
  const data = process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share');
  return { command: join(data, 'slm-lsp', 'server', 'bin', 'slm-lsp'), args: [] };
}

/** An environment may lie in the folder: in one that nobody trusts it is not even asked. */
async function inEnvironment(log: LogOutputChannel): Promise<Program | undefined> {
  if (!workspace.isTrusted || extensions.getExtension('ms-python.python') === undefined) {
    return undefined;
  }
  try {
    const { environments } = await PythonExtension.api();
    const active = environments.getActiveEnvironmentPath(workspace.workspaceFolders?.[0]?.uri);
    const python = (await environments.resolveEnvironment(active))?.executable.uri?.fsPath;
    // -P keeps a slm_lsp.py in the folder from being taken for the server.
    return python === undefined ? undefined : { command: python, args: ['-P', '-m', 'slm_lsp'] };
  } catch (error) {
    log.debug(`the Python extension did not answer: ${String(error)}`);
    return undefined;
  }
}

/** Relative entries of the PATH are left out: they would lead into whatever folder is open. */
async function onPath(): Promise<Program | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(isAbsolute)) {
    const command = join(folder, 'slm-lsp');
    const there = access(command, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await there) {
      return { command, args: [] };
    }
  }
  return undefined;
}
