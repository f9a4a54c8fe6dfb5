"""Whether the synthetic patients agree with what is printed: acceptance, the source review, published series."""
