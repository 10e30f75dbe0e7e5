"""Times: the texts of times in lines -> nanoseconds since 1970 and what is known of them."""
