"""What pytest loads: options, fixtures, markers, and what is printed. Thin, over scenario/."""
