"""What the drills put on PYTHONPATH of the instance that they start."""
