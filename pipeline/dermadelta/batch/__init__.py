"""Many photographs: what is there, what belongs together, what is done, and the workers."""
