import { window } from 'vscode';
import type { Outcomes } from './outcomes';

/** Show what this window was answered since it was opened. */
export async function showStatistics(outcomes: Outcomes): Promise<void> {
  const { answers, offered, fromMemory, median, p95 } = outcomes.figures();
  const detail = [
    `${answers} requests answered, ${offered} of them with ghost text`,
    `${fromMemory} of those from memory, without the model`,
    `ghost text after ${median.toFixed(0)} ms (median), ${p95.toFixed(0)} ms (95th percentile)`,
  ].join('\n');
  await window.showInformationMessage('slm-lsp in this window', { modal: true, detail });
}
