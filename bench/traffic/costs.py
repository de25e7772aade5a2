"""What a request costs, by kind: the input of the model. Each is measured by itself, at a moderate rate."""
def measure_all(make, seconds): return {}
