"""The room that touches the disk: the only reader of pictures and the only writer of results."""
