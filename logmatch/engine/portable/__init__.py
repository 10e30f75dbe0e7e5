"""The portable engine: literals choose candidates, regular expressions confirm them."""
