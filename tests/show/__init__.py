"""What is inside nets, as figures."""
