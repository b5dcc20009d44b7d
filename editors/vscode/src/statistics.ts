import { window } from 'vscode';
import type { Outcomes } from './outcomes';
import { type Program, run } from './program';

/** What `slm-lsp stats --json` says of one language, and of all. */
interface Figures {
  readonly shown: number;
  readonly accepted: number;
  readonly partly_accepted: number;
  readonly typed: number;
  readonly kept_rate: number | null;
}

interface Summary {
  readonly languages: Readonly<Record<string, Figures>>;
}

/** Show what this window was answered since it was opened, and what was counted on this machine. */
export async function showStatistics(outcomes: Outcomes, server?: Program): Promise<void> {
  const { answers, offered, fromMemory, median, p95 } = outcomes.figures();
  const counted = server === undefined ? [] : await countedBy(server);
  const detail = [
    'In this window:',
    `${answers} requests answered, ${offered} of them with ghost text`,
    `${fromMemory} of those from memory, without the model`,
    `ghost text after ${median.toFixed(0)} ms (median), ${p95.toFixed(0)} ms (95th percentile)`,
    '',
    'On this machine, by language:',
    ...(counted.length > 0 ? counted : ['nothing was counted yet']),
    '',
    '`slm-lsp stats --erase` forgets it.',
  ].join('\n');
  await window.showInformationMessage('slm-lsp', { modal: true, detail });
}

async function countedBy(server: Program): Promise<string[]> {
  const { languages } = JSON.parse(await run(server, ['stats', '--json'])) as Summary;
  return Object.entries(languages).map(([language, it]) => {
    const kept = it.kept_rate === null ? '' : `, ${(100 * it.kept_rate).toFixed(0)} % of that kept`;
    const taken = it.accepted + it.partly_accepted;
    return `${language}: ${it.shown} shown, ${taken} taken over${kept}, ${it.typed} typed`;
  });
}
