"""Pictures and sound of finished clips, as trees of files beside the dataset."""
