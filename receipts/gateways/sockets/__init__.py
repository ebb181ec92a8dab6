"""The frame of all vendors' WebSockets: what their clients' live halves share.

``door`` accepts connections, ``socket`` is one of them, ``vendor`` is what a vendor implements,
``calls`` run the database's part of a frame on the threads of requests, ``places`` store how far
each device has got. What is pushed is what the live feed tells the same user (``receipts.feed``).
"""
