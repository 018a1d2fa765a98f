"""How fast training is: stock `keras.Model.fit` and the compiled trainer, side by side."""
