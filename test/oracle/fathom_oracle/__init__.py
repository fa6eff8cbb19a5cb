"""The oracle: runs a Fathom experiment file in PyTorch, and says what training must give."""
