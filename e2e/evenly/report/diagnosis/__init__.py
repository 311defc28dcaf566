"""Why a load did not pass, found by its records."""
