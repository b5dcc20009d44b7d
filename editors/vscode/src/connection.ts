import {
  commands,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  type LogOutputChannel,
} from 'vscode';
import {
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  RevealOutputChannelOn,
  State,
} from 'vscode-languageclient/node';
import { Crashes } from './crashes';
import type { Timings } from './outcomes';
import type { Server } from './server';
import { madeSettings } from './settings';

/** What the server says about its engine; see `didChangeStatus`. */
export interface ServerStatus {
  readonly busy: boolean;
  readonly kind: 'Normal' | 'Warning' | 'Error' | 'Inactive';
  readonly message: string;
}

/** Not asked about: generated text, output panes, and what other extensions only show. */
const SCHEMES = ['file', 'untitled', 'vscode-notebook-cell'];

/** Milliseconds in which a server has to end by itself. */
const STOP_MS = 3000;

/** The one connection to the server. However often it is asked to change, one change runs and at most one waits. */
export class Connection implements Disposable {
  private readonly statusChanged = new EventEmitter<ServerStatus>();
  private readonly answered = new EventEmitter<Timings>();
  private readonly stopped = new EventEmitter<void>();
  private client: LanguageClient | undefined;
  private found: Server | undefined;
  private wanted = false;
  private changing: Promise<void> | undefined;
  private queued: Promise<void> | undefined;

  readonly onDidChangeStatus = this.statusChanged.event;
  readonly onDidAnswer = this.answered.event;
  /** Fired when the server is gone, whoever ended it. */
  readonly onDidStop = this.stopped.event;

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: LogOutputChannel,
    private readonly middleware: Middleware,
    private readonly find: () => Promise<Server | undefined>,
  ) {}

  /** The server that runs, or ran last. */
  get server(): Server | undefined {
    return this.found;
  }

  /** The client, while it can be asked something. */
  get running(): LanguageClient | undefined {
    return this.client?.isRunning() ? this.client : undefined;
  }

  /** Start the server, anew if it runs. Never throws: what goes wrong becomes the status. */
  restart(): Promise<void> {
    this.wanted = true;
    return this.settle();
  }

  /** Stop the server. */
  stop(): Promise<void> {
    this.wanted = false;
    return this.settle();
  }

  /** Send the settings as they are now. */
  configure(): void {
    this.notify('workspace/didChangeConfiguration', { settings: madeSettings(this.context) });
  }

  /** Send a notification, if there is a server that hears it. */
  notify(method: string, params: object): void {
    void this.running?.sendNotification(method, params);
  }

  dispose(): void {
    void this.stop();
    this.statusChanged.dispose();
    this.answered.dispose();
    this.stopped.dispose();
  }

  private settle(): Promise<void> {
    if (this.changing === undefined) {
      this.changing = this.change().finally(() => {
        this.changing = undefined;
      });
      return this.changing;
    }
    this.queued ??= this.changing.then(() => {
      this.queued = undefined;
      return this.settle();
    });
    return this.queued;
  }

  private async change(): Promise<void> {
    try {
      const old = this.client;
      this.client = undefined;
      await this.told('slm-lsp.running', false);
      await old?.dispose(STOP_MS).catch((error) => this.log.warn(String(error)));
      if (this.wanted) {
        await this.start();
      }
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  private async start(): Promise<void> {
    this.statusChanged.fire({ busy: true, kind: 'Normal', message: 'looking for the server' });
    this.found = await this.find();
    if (this.found === undefined) {
      this.statusChanged.fire({ busy: false, kind: 'Warning', message: 'no server is installed' });
      return;
    }
    const { command, args, origin, version } = this.found;
    this.log.info(`slm-lsp ${version} from ${origin}: ${[command, ...args].join(' ')}`);
    const program = { command, args: [...args, 'serve', '--stdio'] };
    this.client = new LanguageClient('slm-lsp', 'slm-lsp', program, this.options());
    this.client.registerFeature(announced);
    this.client.onNotification('didChangeStatus', (it: ServerStatus) =>
      this.statusChanged.fire(it),
    );
    this.client.onNotification('slm-lsp/timings', (it: Timings) => this.answered.fire(it));
    this.client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) {
        this.stopped.fire();
      }
    });
    await this.client.start();
    await this.told('slm-lsp.running', true);
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: SCHEMES.map((scheme) => ({ scheme })),
      initializationOptions: () => madeSettings(this.context),
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: new Crashes(() => this.fail('the server crashed again and again; see the log')),
      middleware: this.middleware,
    };
  }

  private fail(message: string): void {
    this.statusChanged.fire({ busy: false, kind: 'Error', message });
  }

  private async told(key: string, value: boolean): Promise<void> {
    await commands.executeCommand('setContext', key, value);
  }
}

/** Tells the server that its reports about each answer are wanted. */
const announced = {
  fillClientCapabilities: (capabilities: { experimental?: object }) => {
    capabilities.experimental = { ...capabilities.experimental, slmLspTimings: true };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' as const }),
  clear: () => undefined,
};
