import { type Disposable, EventEmitter } from 'vscode';

/** A pause that ends by itself. */
export class Snooze implements Disposable {
  private readonly changed = new EventEmitter<void>();
  private timer: NodeJS.Timeout | undefined;
  private ends: Date | undefined;

  /** Fired when the pause begins and when it ends. */
  readonly onDidChange = this.changed.event;

  /** When the pause ends; undefined while there is none. */
  get until(): Date | undefined {
    return this.ends;
  }

  /** Pause for `minutes` from now. */
  start(minutes: number): void {
    clearTimeout(this.timer);
    this.ends = new Date(Date.now() + minutes * 60_000);
    this.timer = setTimeout(() => this.wake(), minutes * 60_000);
    this.changed.fire();
  }

  /** End the pause now. */
  wake(): void {
    clearTimeout(this.timer);
    this.ends = undefined;
    this.changed.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }
}
