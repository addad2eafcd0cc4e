"""The engine that all promotions run on: open, forward, land, back, recover."""
