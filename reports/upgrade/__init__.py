"""The claims under two versions of TensorFlow or Keras."""
