import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CancellationToken, ExtensionContext } from 'vscode';
import { type Program, run } from './program';

const PYTHONS = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];

const NEW_ENOUGH = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';

/** Written last, so that an installation that was interrupted is not taken for a server. */
const COMPLETE = 'complete';

/**
 * The server in a virtual environment of the extension's own: its wheel comes with the extension,
 * what it needs from a folder of wheels or from wherever pip is set up to look.
 */
export class PrivateServer {
  private readonly root: string;
  private readonly folder: string;
  private readonly wheels: string;
  private readonly version: string;

  constructor(context: ExtensionContext) {
    this.version = context.extension.packageJSON.version;
    this.root = join(context.globalStorageUri.fsPath, 'server');
    this.folder = join(this.root, this.version);
    this.wheels = context.asAbsolutePath('server');
  }

  /** Return the server of this version of the extension, if it is installed. */
  async program(): Promise<Program | undefined> {
    const installed = await access(join(this.folder, COMPLETE)).then(
      () => true,
      () => false,
    );
    return installed ? { command: this.script('slm-lsp'), args: [] } : undefined;
  }

  /**
   * Install it, from `wheelhouse` alone where one is given, and remove those of other versions.
   * Throws CancellationError, or an Error that says what is missing.
   */
  async install(
    wheelhouse: string,
    token: CancellationToken,
    onLine: (line: string) => void,
  ): Promise<Program> {
    const python = await anyPython();
    await mkdir(this.root, { recursive: true });
    await rm(join(this.folder, COMPLETE), { force: true });
    await run(python, ['-m', 'venv', '--clear', this.folder], { token, onLine });
    const sources = ['--find-links', this.wheels, ...offline(wheelhouse)];
    const pip = { command: this.script('python'), args: ['-m', 'pip', '--no-input'] };
    const what = ['install', '--disable-pip-version-check', ...sources, `slm-lsp==${this.version}`];
    await run(pip, what, { token, onLine }).catch((error) => {
      throw token.isCancellationRequested
        ? error
        : new Error(`${error.message}. ${advice(wheelhouse)}`);
    });
    await writeFile(join(this.folder, COMPLETE), '');
    for (const other of await readdir(this.root)) {
      if (other !== this.version) {
        await rm(join(this.root, other), { recursive: true, force: true });
      }
    }
    return { command: this.script('slm-lsp'), args: [] };
  }

  private script(name: string): string {
    return join(this.folder, 'bin', name);
  }
}

function offline(wheelhouse: string): string[] {
  return wheelhouse === '' ? [] : ['--no-index', '--find-links', wheelhouse];
}

function advice(wheelhouse: string): string {
  return wheelhouse === ''
    ? 'Without a network, name a folder of wheels in the setting slm-lsp.server.wheelhouse.'
    : `Nothing but ${wheelhouse} was looked at, because slm-lsp.server.wheelhouse names it.`;
}

async function anyPython(): Promise<Program> {
  for (const command of PYTHONS) {
    const python = { command, args: [] };
    const usable = run(python, ['-c', NEW_ENOUGH]).then(
      () => true,
      () => false,
    );
    if (await usable) {
      return python;
    }
  }
  throw new Error(
    'The server needs Python 3.11 or newer with venv and pip; on Debian and Ubuntu: sudo apt install python3-venv',
  );
}
