"""What the data tell: quality indicators and steering figures, compared, and made safe to publish."""
