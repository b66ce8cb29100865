"""Fair order, batches, cost, expected times and admission. Pure: no clock, no I/O, no async."""
