import { CloseAction, ErrorAction, type ErrorHandler } from 'vscode-languageclient/node';

const ALLOWED = 3;
const WINDOW_MS = 3 * 60_000;

/** Start a server that crashed again, unless it keeps doing so. Pops nothing up. */
export class Crashes implements ErrorHandler {
  private times: number[] = [];

  /** `gaveUp` is called when the server is left alone after too many crashes. */
  constructor(private readonly gaveUp: () => void) {}

  /** A message that cannot be read or written; if the server is gone `closed` follows. */
  error() {
    return { action: ErrorAction.Continue, handled: true };
  }

  closed() {
    const now = Date.now();
    this.times = [...this.times.filter((time) => now - time < WINDOW_MS), now];
    if (this.times.length <= ALLOWED) {
      return { action: CloseAction.Restart, handled: true };
    }
    this.gaveUp();
    return { action: CloseAction.DoNotRestart, handled: true };
  }
}
