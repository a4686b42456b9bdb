"""Tables, workbook and pages, made of PairResults and the folders beside them, of nothing else."""
