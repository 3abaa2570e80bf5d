"""What runs by itself: schedules, retries, drop folders, subscriptions, posts."""
