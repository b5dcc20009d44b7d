import { type Disposable, EventEmitter } from 'vscode';

/** Answers whose latency is kept. */
const CAPACITY = 1000;

/** Sent by the server after each answer to clients that announce `slmLspTimings`. */
export interface Timings {
  readonly dropped: string | null;
  readonly cacheHit: boolean;
  readonly timings: { readonly total_ms: number };
}

/** What became of one request for ghost text. `dropped` says why there was none. */
export interface Outcome {
  readonly at: Date;
  readonly dropped: string | undefined;
  /** Milliseconds in the server; undefined where it was not asked. */
  readonly latency: number | undefined;
}

export interface Figures {
  readonly answers: number;
  readonly offered: number;
  readonly fromMemory: number;
  readonly median: number;
  readonly p95: number;
}

/** What became of the requests of this window. Figures and reasons only, never text. */
export class Outcomes implements Disposable {
  private readonly changed = new EventEmitter<void>();
  private readonly latencies: number[] = [];
  private answers = 0;
  private offered = 0;
  private fromMemory = 0;
  private newest: Outcome | undefined;

  /** Fired after each request. */
  readonly onDidChange = this.changed.event;

  get last(): Outcome | undefined {
    return this.newest;
  }

  /** Take in the server's report about an answer. */
  answered(report: Timings): void {
    const latency = report.timings.total_ms;
    this.answers += 1;
    if (report.dropped === null) {
      this.offered += 1;
      this.fromMemory += report.cacheHit ? 1 : 0;
      this.latencies.push(latency);
      this.latencies.splice(0, this.latencies.length - CAPACITY);
    }
    this.keep({ at: new Date(), dropped: report.dropped ?? undefined, latency });
  }

  /** Note that the server was not even asked. */
  withheld(reason: string): void {
    this.keep({ at: new Date(), dropped: reason, latency: undefined });
  }

  figures(): Figures {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    const { answers, offered, fromMemory } = this;
    return { answers, offered, fromMemory, median: at(0.5), p95: at(0.95) };
  }

  dispose(): void {
    this.changed.dispose();
  }

  private keep(outcome: Outcome): void {
    this.newest = outcome;
    this.changed.fire();
  }
}
