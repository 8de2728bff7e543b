"""The harness of ./dev bench: starts what is compared side by side, loads it, and holds the figures against the goals."""
