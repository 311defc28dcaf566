"""What lies on disk of a run: its record, its samples. A run writes it; everything that people read is made from it."""
