"""How fast training is: stock `keras.Model.fit` and the compiled trainer, side by side.

`plugin.py` gathers the arms of the claims, `whole.py` starts the measuring processes, `part.py` is
what each of them does, `rows.py` and `table.py` put their figures together.
"""
