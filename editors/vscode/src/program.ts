import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CancellationError, type CancellationToken } from 'vscode';

/** A program and the arguments that always come first. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly token?: CancellationToken;
  /** Milliseconds after which the program is ended. */
  readonly timeout?: number;
  /** Called with each line the program writes, on stdout or stderr. */
  readonly onLine?: (line: string) => void;
}

/**
 * Run a program to its end and return what it wrote to stdout. Throws CancellationError, or an Error
 * that says in one line what went wrong: the program's own last words.
 */
export async function run(
  { command, args }: Program,
  more: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(command, [...args, ...more], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const cancelled = options.token?.onCancellationRequested(() => child.kill());
  const written: string[] = [];
  let lastWords = '';
  createInterface(child.stdout).on('line', (line) => {
    written.push(line);
    options.onLine?.(line);
  });
  createInterface(child.stderr).on('line', (line) => {
    lastWords = line.trim() || lastWords;
    options.onLine?.(line);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (options.token?.isCancellationRequested) {
      throw new CancellationError();
    }
    if (code !== 0) {
      throw new Error(lastWords || `${command} ended with ${code ?? 'a signal'}`);
    }
    return written.join('\n');
  } finally {
    cancelled?.dispose();
  }
}
