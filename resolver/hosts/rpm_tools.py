Offers = None
