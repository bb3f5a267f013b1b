"""What the data tell: quality indicators and steering figures, declared and computed."""
