<?php

declare(strict_types=1);

namespace Shop\Accounts;

use DomainException;

/** One line of a ledger, in cents. */
final class Entry
{
    public function __construct(
        public readonly string $account,
        public readonly int $cents,
        public readonly string $memo = '',
    ) {
    }
}

/** What came in and went out, by account. */
final class Ledger
{
    /** @var Entry[] */
    private array $entries = [];

    public function add(Entry $entry): void
    {
        if ($entry->cents === 0) {
            throw new DomainException("An entry of {$entry->account} moves nothing.");
        }
        $this->entries[] = $entry;
    }

    public function balance(string $account): int
    {
        $cents = 0;
        foreach ($this->entries as $entry) {
            if ($entry->account === $account) {
                $cents += $entry->cents;
            }
        }
        return $cents;
    }

    public function entriesOf($account, $atLeast = 0)
    {
        return array_values(array_filter(
            $this->entries,
            fn (Entry $entry) => $entry->account === $account && abs($entry->cents) >= $atLeast,
        ));
    }

    public function statement(): string
    {
        $lines = [];
        foreach (array_unique(array_column($this->entries, 'account')) as $account) {
            $lines[] = sprintf("%-20s %12s €", $account, formatted($this->balance($account)));
        }
        return implode("\n", $lines);
    }
}

function formatted(int $cents): string
{
    return number_format($cents / 100, 2, ',', '.');
}
