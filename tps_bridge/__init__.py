"""What radiotherapy objects mean: plans, records, the ledger of fractions."""
