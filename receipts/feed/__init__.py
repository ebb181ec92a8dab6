"""The live feed: what has happened, told to those it concerns.

``positions`` says how far somebody has been told, ``reading`` what came since, as ``event`` reads
it, ``telling`` what is said of it, ``hub`` who is connected, and ``stream`` how it goes out.
"""
