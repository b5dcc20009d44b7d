import { InlineCompletionTriggerKind, type TextDocument } from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';
import type { MissedKey } from './missedKey';
import type { Outcomes } from './outcomes';
import { automatic, enabled, enabledFor } from './settings';
import type { Snooze } from './snooze';

/** Ask the server only where the user wants ghost text now; the server decides about the rest. */
export function ghostText(snooze: Snooze, outcomes: Outcomes, missed: MissedKey): Middleware {
  return {
    provideInlineCompletionItems(document, position, asked, token, next) {
      const { Automatic, Invoke } = InlineCompletionTriggerKind;
      // VS Code asks by command once more where it has asked, but says then that the user did.
      const context = missed.asking ? { ...asked, triggerKind: Automatic } : asked;
      const byHand = context.triggerKind === Invoke;
      const reason = reasonAgainst(document, byHand, snooze);
      if (reason !== undefined) {
        missed.settled();
        outcomes.withheld(reason);
        return undefined;
      }
      return missed.follow(next(document, position, context, token));
    },
  };
}

function reasonAgainst(
  document: TextDocument,
  byHand: boolean,
  snooze: Snooze,
): string | undefined {
  if (!enabled(document)) {
    return 'ghost text is turned off';
  }
  if (!enabledFor(document)) {
    return `ghost text is turned off for ${document.languageId}`;
  }
  if (byHand) {
    return undefined;
  }
  return snooze.until !== undefined
    ? 'ghost text is snoozed'
    : automatic(document)
      ? undefined
      : 'ghost text comes on demand only (slm-lsp.completion.trigger)';
}
