"""What the statements rest on: Keras does what it documents."""
