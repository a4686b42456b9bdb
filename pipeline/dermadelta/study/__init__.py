"""What many results say together, from stored results and tables alone, never from a pixel."""
