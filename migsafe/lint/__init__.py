"""What can be known of migrations from their text: scripts are read, and the rules are asked. No server anywhere."""
